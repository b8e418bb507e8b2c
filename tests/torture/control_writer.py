"""The known-bad writer that the sweep must catch: adds a profile to a config, in place."""

import sys
from pathlib import Path


def main() -> None:
    path = Path(sys.argv[1])
    text = path.read_text()
    with path.open("w") as config:  # truncates: killed here, the file is empty
        config.write(text + "[profile control]\nregion = us-east-1\n")


if __name__ == "__main__":
    main()
