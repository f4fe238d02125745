"""What runs inside Swift's own virtual environment: standard library and Swift only."""
