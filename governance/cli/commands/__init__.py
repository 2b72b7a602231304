"""One file per command: parse, call one function of `governance.api`, print."""
