"""`python -m tests.bench` (`make bench`): all benchmarks, one after the other."""

from tests.bench import appearance, build, capture, first_packet, join, live, viewer

for bench in (build, first_packet, capture, join, live, viewer, appearance):
    bench.main()
    print()
