"""What the registers show: executions, monitoring, signers, addresses, notices, audit,
integrations."""
