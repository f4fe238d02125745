"""Store servers on the loopback interface, for tests, benchmarks and the demo.

Nothing here is imported eagerly: Swift's own virtual environment loads ``tests.servers.swift_site``, and has none of
the packages that the other modules need.
"""
