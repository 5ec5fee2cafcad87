//! End to end: the real executable, over HTTP, with real media. One binary, so that it links once.
