"""What the crash tests need: real processes that may be killed, a world that is put back, a life
for it to lead, and a look at the chain that asks the service nothing."""
