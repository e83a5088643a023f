/*
 * Prints libcap's capability names as C, at build time. The loader links the
 * table and not the library, whose constructor asks the kernel for its last
 * capability in each process, needed or not.
 */
#include <ctype.h>
#include <stdio.h>
#include <sys/capability.h>

int main(void)
{
    puts("/* Made from libcap's names by spec-schema/capabilities.c: do not edit. */");
    puts("#include \"schema.h\"\n");
    puts("const struct schema_enum capability_table[] = {");
    for (cap_value_t number = 0; number <= CAP_LAST_CAP; number++) {
        char *name = cap_to_name(number);
        if (!name)
            return 1;
        for (char *c = name; *c; c++)
            *c = (char)toupper((unsigned char)*c);
        printf("    {\"%s\", %d},\n", name, number);
        cap_free(name);
    }
    puts("    {NULL, 0},\n};");
    return 0;
}
