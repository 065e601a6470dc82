/* Where a server is and who we are there: libpq's connection parameters,
 * parsed, merged and kept apart from the password.
 *
 * Accepts what libpq accepts (URI, "key=value …", service=, PG* environment,
 * .pgpass, several hosts). What is not given stays open, for libpq's own
 * defaults. The password is taken out of the text into a PgmSecret at once, so
 * everything else of this object may be shown and logged.
 */
#pragma once

#include "core/error.h"
#include "core/secret.h"

G_BEGIN_DECLS

typedef struct _PgmConninfo PgmConninfo;

/* @text: URI or keyword string; NULL or "" is all defaults. PGM_ERROR_USAGE for
 * text that libpq can't parse; the message never repeats a password. */
PgmConninfo *pgm_conninfo_new (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

PgmConninfo *pgm_conninfo_ref (PgmConninfo *self);
void pgm_conninfo_unref (PgmConninfo *self);

/* A copy with @keyword replaced (NULL unsets). "password" is refused here. */
PgmConninfo *pgm_conninfo_with (PgmConninfo *self, const char *keyword, const char *value);
PgmConninfo *pgm_conninfo_with_password (PgmConninfo *self, PgmSecret *password);

/* With what libpq's environment variables say of what is left open; the same one again
 * when they say nothing. Transfer full. */
PgmConninfo *pgm_conninfo_with_environment (PgmConninfo *self);

/* For who asks from elsewhere: a copy that reads no passfile, service file or certificate
 * of this account. PGM_ERROR_USAGE when @self names one. Transfer full. */
PgmConninfo *pgm_conninfo_without_files (PgmConninfo *self,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The explicitly given value or NULL. */
const char *pgm_conninfo_get (PgmConninfo *self, const char *keyword);
PgmSecret *pgm_conninfo_get_password (PgmConninfo *self); /* transfer none, may be NULL */

/* "shop on db1:5432 as alice", for messages. Transfer full. */
char *pgm_conninfo_describe (PgmConninfo *self);

/* A URI without the password, that pgm_conninfo_new() takes back. Transfer full. */
char *pgm_conninfo_to_uri (PgmConninfo *self);

/* Environment for pg_dump and pg_restore: "PGHOST=…", … Transfer full. The
 * password goes into a 0600 PGPASSFILE made in @directory, never into argv and
 * never into the environment. */
GStrv pgm_conninfo_to_environment (PgmConninfo *self,
                                   const char *directory,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmConninfo, pgm_conninfo_unref)

G_END_DECLS
