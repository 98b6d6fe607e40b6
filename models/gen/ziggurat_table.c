/*
 * Prints the tables of the exponential ziggurat (models/ziggurat.h) as C source; run by the build.
 *
 * The area under f(x) = exp(-x) is covered by 256 pieces of equal area v: 255 rectangles [0, x_i) x [f(x_i), f(x_i+1))
 * and a base of width r = x_1 with the tail beyond r (Marsaglia and Tsang, "The ziggurat method for generating random
 * variables", J. Stat. Software 2000). r is where the last rectangle ends exactly at f(0) = 1.
 */
#include <math.h>
#include <stdio.h>

#define LAYERS 256

/* Fills x_1 .. x_LAYERS for base width @r; returns the height reached on top, which is 1 for the right @r. */
static long double stack_layers(long double r, long double *x)
{
	long double area = (r + 1) * expl(-r); /* r f(r) and the tail */
	long double height = expl(-r);

	x[0] = area / height; /* as wide as a rectangle of the base's area and height f(r) would be */
	x[1] = r;
	for (int i = 1; i < LAYERS; i++) {
		height += area / x[i];
		x[i + 1] = height < 1 ? -logl(height) : 0;
		if (x[i + 1] <= 0 && i + 1 < LAYERS)
			return 2; /* too high already: r is too small */
	}
	return height;
}

static void print_table(const char *type, const char *name, const long double *value, int n)
{
	printf("const %s %s[%d] = {\n", type, name, n);
	for (int i = 0; i < n; i++)
		printf("\t%a,\n", (double)value[i]);
	printf("};\n");
}

int main(void)
{
	long double x[LAYERS + 1], width[LAYERS], height[LAYERS + 1];
	long double low = 1, high = 20;

	for (int i = 0; i < 200; i++) {
		long double middle = (low + high) / 2;

		if (stack_layers(middle, x) > 1)
			low = middle;
		else
			high = middle;
	}
	stack_layers(high, x);
	x[LAYERS] = 0;
	printf("const double ziggurat_tail = %a;\n", (double)x[1]);
	for (int i = 0; i <= LAYERS; i++)
		height[i] = i > 0 ? expl(-x[i]) : 0;
	for (int i = 0; i < LAYERS; i++)
		width[i] = ldexpl(x[i], -53);
	print_table("double", "ziggurat_width", width, LAYERS);
	print_table("double", "ziggurat_height", height, LAYERS + 1);
	printf("const int64_t ziggurat_accept[%d] = {\n", LAYERS);
	for (int i = 0; i < LAYERS; i++)
		printf("\t%lld,\n", (long long)floorl(ldexpl(x[i + 1] / x[i], 53)));
	printf("};\n");
	return 0;
}
