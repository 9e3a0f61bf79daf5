"""Words of the back-test: price tables, settings, what came out. Pure values; the replay itself is
`treasury.engine.backtest`."""
