"""What a command is: how it is spelled, what it filters by, which columns its table has."""
