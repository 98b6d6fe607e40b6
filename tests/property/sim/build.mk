$(eval $(call test,property/sim/test_engine,tests/property/sim/test_engine.c,sim models,-lm $(call pkg,--libs,gsl)))
$(eval $(call test,property/sim/test_packet,tests/property/sim/test_packet.c,sim ix ixtcp ixcore lwip models,\
	-lm $(call pkg,--libs,gsl) -lurcu-qsbr -lurcu-common -lpthread))
