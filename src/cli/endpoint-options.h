/* --source, --source-uri, --source-host, …, --dest-uri, …: the two ends of a job as the
 * command line names them. */
#pragma once

#include "model/job.h"

G_BEGIN_DECLS

typedef struct
{
  char *cluster; /* "CLUSTER" or "CLUSTER/NODE" */
  char *uri;
  char *host;
  char *port;
  char *user;
  char *password;
  char *dbname;
} PgmEndpointOptions;

/* Adds the group of options for one end; @prefix is "source" or "dest". The
 * strings of the entries live in the group. */
void
pgm_endpoint_options_add (GOptionContext *context, PgmEndpointOptions *self, const char *prefix);

/* Does anything name the end? */
gboolean pgm_endpoint_options_is_given (const PgmEndpointOptions *self);

/* Takes the passwords out of @self. PGM_ERROR_USAGE when nothing names the end. */
PgmEndpoint *pgm_endpoint_options_take (PgmEndpointOptions *self,
                                        const char *prefix,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_endpoint_options_clear (PgmEndpointOptions *self);

/* Overwrites in @argv, which the kernel shows to everyone, whatever is a
 * password, and returns a copy that still has it (free with
 * pgm_arguments_free(), which wipes). */
char **pgm_arguments_take (int argc, char **argv);
void pgm_arguments_free (char **argv);

G_END_DECLS
