$(eval $(call test,ixdp_spread,tests/unit/ixdp/test_spread.c,ixdp,-lm))
