/*
 * Prints libmount's table of mount options as C, at build time: names, MS_*
 * flags and which of them take the flag away. The loader links the table and
 * not the library, whose start-up costs more than all it would do here.
 */
#include <libmount/libmount.h>
#include <stdio.h>

int main(void)
{
    puts("/* Made from libmount's table by spec-schema/mount-options.c: do not edit. */");
    puts("#include \"mount-option-table.h\"\n");
    puts("const struct mount_option mount_option_table[] = {");
    for (const struct libmnt_optmap *o = mnt_get_builtin_optmap(MNT_LINUX_MAP); o && o->name; o++)
        if (o->id != 0)
            printf("    {\"%s\", 0x%x, %d},\n", o->name, (unsigned)o->id, (o->mask & MNT_INVERT) != 0);
    puts("    {NULL, 0, 0},\n};");
    return 0;
}
