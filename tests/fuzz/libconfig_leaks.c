/* What the leak sanitizer is to know about libconfig; linked into the fuzzers of what it reads. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);

const char *__lsan_default_options(void)
{
	return "print_suppressions=0";
}

/* libconfig forgets the text of the token at which the syntax is wrong: a few bytes once, before the program ends. */
const char *__lsan_default_suppressions(void)
{
	return "leak:strbuf_append\nleak:libconfig_yylex\n";
}
