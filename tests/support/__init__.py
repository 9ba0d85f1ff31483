"""What several test folders share: a road walked by the command line, and the raw state of an account."""
