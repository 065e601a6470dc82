/* What a command is, and what all of them share. Private to the room. */
#pragma once

#include "cli/cli.h"

G_BEGIN_DECLS

typedef enum
{
  PGM_OUTPUT_TABLE,
  PGM_OUTPUT_JSON,
} PgmOutput;

typedef struct
{
  const PgmCliHost *host;
  const char *program;
} PgmCli;

typedef struct
{
  const char *name;
  const char *summary; /* N_() */
  /* @argv[0] is the command's name; both are the command's to change. */
  int (*run) (PgmCli *cli, int argc, char **argv);
} PgmCommand;

int pgm_command_clone (PgmCli *cli, int argc, char **argv);
int pgm_command_compare (PgmCli *cli, int argc, char **argv);
int pgm_command_follow (PgmCli *cli, int argc, char **argv);
int pgm_command_cleanup (PgmCli *cli, int argc, char **argv);
int pgm_command_cluster (PgmCli *cli, int argc, char **argv);
int pgm_command_daemon (PgmCli *cli, int argc, char **argv);
int pgm_command_logs (PgmCli *cli, int argc, char **argv);
int pgm_command_demo (PgmCli *cli, int argc, char **argv);
int pgm_command_status (PgmCli *cli, int argc, char **argv);
int pgm_command_tui (PgmCli *cli, int argc, char **argv);
int pgm_command_stop (PgmCli *cli, int argc, char **argv);
int pgm_command_switchover (PgmCli *cli, int argc, char **argv);
int pgm_command_verify (PgmCli *cli, int argc, char **argv);
int pgm_command_pause (PgmCli *cli, int argc, char **argv);
int pgm_command_resume (PgmCli *cli, int argc, char **argv);

/* Prints @error on standard error as the program does and returns its status. */
int pgm_command_fail (const GError *error);

/* Prints @text, which may have several lines and name things with any bytes in
 * them, on standard error: @indent stands before every line but the first, and
 * control characters are made harmless. */
void pgm_command_print_error (const char *indent, const char *text);

/* "Job ID: what", or the same as an answer of the API. */
void pgm_command_print_answer (const char *job_id, const char *what, PgmOutput output);

/* Parses @argv in place with @context's options; afterwards nothing may be left
 * over. Errors are PGM_ERROR_USAGE. *@help is TRUE when --help was printed. */
gboolean
pgm_command_parse (GOptionContext *context, int *argc, char ***argv, gboolean *help, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* "table" or "json". */
gboolean pgm_command_parse_output (const char *text,
                                   PgmOutput *output,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
