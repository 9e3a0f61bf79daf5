// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// Price feed that answers the read calls of a Chainlink aggregator (AggregatorV3Interface).
/// The keeper gives the time stamp along with the answer, so that a stale feed can be staged.
contract PriceFeed {
    struct Round {
        int256 answer;
        uint256 updatedAt;
    }

    uint8 public immutable decimals;
    address public immutable keeper;
    uint256 public constant version = 1;
    string public description;
    uint80 public latestRound;
    mapping(uint80 => Round) private _rounds;

    event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);

    constructor(uint8 decimals_, string memory description_, int256 answer_, address keeper_) {
        decimals = decimals_;
        description = description_;
        keeper = keeper_;
        _push(answer_, block.timestamp);
    }

    function set(int256 answer_, uint256 updatedAt_) external {
        require(msg.sender == keeper, "keeper");
        _push(answer_, updatedAt_);
    }

    function latestAnswer() external view returns (int256) {
        return _rounds[latestRound].answer;
    }

    function latestTimestamp() external view returns (uint256) {
        return _rounds[latestRound].updatedAt;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return getRoundData(latestRound);
    }

    function getRoundData(uint80 roundId) public view returns (uint80, int256, uint256, uint256, uint80) {
        Round memory round = _rounds[roundId];
        require(round.updatedAt != 0, "No data present");
        return (roundId, round.answer, round.updatedAt, round.updatedAt, roundId);
    }

    function _push(int256 answer_, uint256 updatedAt_) private {
        latestRound += 1;
        _rounds[latestRound] = Round(answer_, updatedAt_);
        emit AnswerUpdated(answer_, latestRound, updatedAt_);
    }
}
