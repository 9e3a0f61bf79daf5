// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// Tokens that break common assumptions. They exist to be refused or flagged; no treasury holds them.

/// Like USDT: transfer, transferFrom and approve return nothing, and an allowance can only be changed through zero.
contract NoReturnToken {
    string public constant name = "Token without return values";
    string public constant symbol = "NORET";
    uint8 public constant decimals = 6;
    uint256 public totalSupply;
    address public immutable minter;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    constructor() {
        minter = msg.sender;
    }

    function mint(address to, uint256 value) external {
        require(msg.sender == minter, "minter");
        totalSupply += value;
        balanceOf[to] += value;
        emit Transfer(address(0), to, value);
    }

    function approve(address spender, uint256 value) external {
        require(value == 0 || allowance[msg.sender][spender] == 0, "allowance must pass through zero");
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
    }

    function transfer(address to, uint256 value) external {
        _move(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) external {
        allowance[from][msg.sender] -= value;
        _move(from, to, value);
    }

    function _move(address from, address to, uint256 value) private {
        balanceOf[from] -= value;
        balanceOf[to] += value;
        emit Transfer(from, to, value);
    }
}

/// The receiver gets 1 % less than was sent; the fee is burnt.
contract FeeToken is ERC20 {
    uint256 public constant FEE_BPS = 100;
    address public immutable minter;

    constructor() ERC20("Token with a transfer fee", "FEE") {
        minter = msg.sender;
    }

    function mint(address to, uint256 value) external {
        require(msg.sender == minter, "minter");
        _mint(to, value);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0) || to == address(0)) {
            super._update(from, to, value);
            return;
        }
        uint256 fee = value * FEE_BPS / 10_000;
        super._update(from, to, value - fee);
        super._update(from, address(0), fee);
    }
}

/// The keeper may block an address; afterwards every transfer from it or to it reverts.
contract BlacklistToken is ERC20 {
    address public immutable minter;
    mapping(address => bool) public blocked;

    event Blocked(address indexed account, bool blocked);

    constructor() ERC20("Token with a blacklist", "BLACK") {
        minter = msg.sender;
    }

    function mint(address to, uint256 value) external {
        require(msg.sender == minter, "minter");
        _mint(to, value);
    }

    function setBlocked(address account, bool blocked_) external {
        require(msg.sender == minter, "minter");
        blocked[account] = blocked_;
        emit Blocked(account, blocked_);
    }

    function _update(address from, address to, uint256 value) internal override {
        require(!blocked[from] && !blocked[to], "blacklisted");
        super._update(from, to, value);
    }
}
