"""What a log tells in numbers: metrics, the questions of overseers, patterns of misuse."""
