TCP_PAIR := tests/unit/tcp/pair.c
$(eval $(call test,tcp_echo,tests/unit/tcp/test_echo.c $(TCP_PAIR),$(TCP_LIBS),$(TCP_LDLIBS)))
