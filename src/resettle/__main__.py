"""`python -m resettle` is the command `resettle`; it does nothing else."""

from resettle.cli import main

if __name__ == "__main__":
    main()
