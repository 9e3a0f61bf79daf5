// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// Mintable ERC-20 with a free choice of decimals, used where a well-known token lives on mainnet.
/// `decimals` is immutable: it is part of the runtime code and survives when that code is copied to another address.
/// Name, symbol and minter are storage and are copied with it.
contract TestToken is ERC20 {
    uint8 private immutable _decimals;
    address public minter;

    constructor(string memory name_, string memory symbol_, uint8 decimals_) ERC20(name_, symbol_) {
        _decimals = decimals_;
        minter = msg.sender;
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    function mint(address to, uint256 amount) external {
        require(msg.sender == minter, "minter");
        _mint(to, amount);
    }
}
