"""Jobs over HTTP, as a browser starts, watches and cancels them."""
