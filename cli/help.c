#include "cli/help.h"

#include "cli/options.h"

#define HELP_COLUMN 32 // where the explanations begin

void help_program(FILE *out, const struct verb *verbs, size_t count)
{
    fputs("rdsbak: SQL Server backups to S3, encrypted here, for rds_restore_database\n\n", out);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "  rdsbak %-7s %-36s %s\n", verbs[i].name, verbs[i].synopsis,
                verbs[i].summary);
    fputs("\n  rdsbak SOURCE MOUNTPOINT [-o OPTIONS], mount.rdsbak: the same as mount\n"
          "  rdsbak VERB --help: the options of a verb\n"
          "\nSizes take KiB, MiB, GiB. Every option is also -o NAME=VALUE,... as mount has it.\n"
          "Exit status: 0 done, 1 failed, 2 wrong usage.\n",
          out);
}

static void help_option(FILE *out, const struct option_row *row)
{
    int width = row->argument != NULL ? fprintf(out, "  --%s %s", row->name, row->argument)
                                      : fprintf(out, "  --%s", row->name);
    if (width >= HELP_COLUMN - 1) {
        fputc('\n', out);
        width = 0;
    }
    fprintf(out, "%*s%s\n", HELP_COLUMN - width, "", row->help);
}

void help_verb(FILE *out, const struct verb *verb)
{
    size_t count = 0;
    const struct option_row *rows = option_table(&count);
    fprintf(out, "rdsbak %s %s [OPTIONS]\n%s\n\n", verb->name, verb->synopsis, verb->summary);
    for (size_t i = 0; i < count; i++) {
        if ((rows[i].verbs & verb->bit) != 0)
            help_option(out, &rows[i]);
    }
}
