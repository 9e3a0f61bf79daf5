"""Rules of proving who one is: the text a wallet signs, how long a log-in holds, from where."""
