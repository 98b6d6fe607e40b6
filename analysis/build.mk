$(eval $(call library,analysis,$(wildcard analysis/*.c)))
ANALYSIS_LIBS := $(call pkg,--libs,sqlite3 jansson gsl)
