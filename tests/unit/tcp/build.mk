TCP_PAIR := tests/unit/tcp/pair.c tests/unit/tcp/raw.c
$(eval $(call test,tcp_echo,tests/unit/tcp/test_echo.c $(TCP_PAIR),$(TCP_LIBS),$(TCP_LDLIBS)))
$(eval $(call test,tcp_timers,tests/unit/tcp/test_timers.c $(TCP_PAIR),$(TCP_LIBS),$(TCP_LDLIBS)))
$(eval $(call test,tcp_migration,tests/unit/tcp/test_migration.c $(TCP_PAIR),$(TCP_LIBS),$(TCP_LDLIBS)))
$(eval $(call test,tcp_network,tests/unit/tcp/test_network.c $(TCP_PAIR),$(TCP_LIBS),$(TCP_LDLIBS)))
$(eval $(call test,tcp_memory,tests/unit/tcp/test_memory.c $(TCP_PAIR),$(TCP_LIBS),$(TCP_LDLIBS) -Wl$(comma)--wrap=malloc))

# Run once more under the thread sanitizer.
$(eval $(call test,tcp_arp_threads,tests/unit/tcp/test_arp_threads.c $(TCP_PAIR),$(TCP_LIBS),$(TCP_LDLIBS)))
TSAN_TESTS += tcp_arp_threads
