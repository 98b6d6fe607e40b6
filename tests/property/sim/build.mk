$(eval $(call test,property/sim/test_engine,tests/property/sim/test_engine.c,sim models,-lm $(call pkg,--libs,gsl)))
