/* Errors: one domain for the whole program, with PostgreSQL's own shape.
 *
 * A GError of domain PGM_ERROR carries, besides its primary message, the
 * SQLSTATE (when a server said it), a detail and a hint. The primary message is
 * short, names its subject, and has no final full stop; detail and hint are
 * sentences (PostgreSQL's error style guide). One extended domain is used
 * instead of one per room because the three extra fields must survive the whole
 * way from a socket to a window; the code tells what kind of failure it was and
 * so which exit status a program ends with.
 *
 * Cancelling is G_IO_ERROR_CANCELLED, as everywhere in GIO.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define PGM_ERROR (pgm_error_quark ())

typedef enum
{
  PGM_ERROR_USAGE,     /* the request itself is malformed: exit 2 */
  PGM_ERROR_NOT_FOUND, /* something named does not exist: exit 3 */
  PGM_ERROR_CONNECT,   /* a server can't be reached or refuses the login: exit 4 */
  PGM_ERROR_REFUSED,   /* a check says that going on would do harm: exit 5 */
  PGM_ERROR_FAILED,    /* everything else that went wrong: exit 6 */
  PGM_ERROR_SQL,       /* a server raised an error; SQLSTATE is set: exit 6 */
  PGM_ERROR_LOST,      /* an established connection broke: exit 6, retryable */
  PGM_ERROR_PROTOCOL,  /* a peer sent bytes it must not send: exit 6 */
} PgmErrorCode;

/* Exit statuses of every program of the suite. */
typedef enum
{
  PGM_EXIT_OK = 0,
  PGM_EXIT_DIFFERENT = 1,
  PGM_EXIT_USAGE = 2,
  PGM_EXIT_NOT_FOUND = 3,
  PGM_EXIT_CONNECT = 4,
  PGM_EXIT_REFUSED = 5,
  PGM_EXIT_FAILED = 6,
  PGM_EXIT_INTERRUPTED = 130,
} PgmExit;

GQuark pgm_error_quark (void);

/* Sets @error (which may be NULL: then nothing happens). */
void
pgm_error_set (GError **error, PgmErrorCode code, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* The same with the extra fields; each may be NULL. All strings are copied. */
void pgm_error_set_full (GError **error,
                         PgmErrorCode code,
                         const char *sqlstate,
                         const char *detail,
                         const char *hint,
                         const char *format,
                         ...) G_GNUC_PRINTF (6, 7);

/* NULL unless @error is of PGM_ERROR and has the field. Owned by @error. */
const char *pgm_error_get_sqlstate (const GError *error);
const char *pgm_error_get_detail (const GError *error);
const char *pgm_error_get_hint (const GError *error);

/* Replace detail or hint of an error of PGM_ERROR; ignored for other domains. */
void pgm_error_set_detail (GError *error, const char *detail);
void pgm_error_set_hint (GError *error, const char *hint);

gboolean pgm_error_is_cancelled (const GError *error);

/* "primary\n  Detail: …\n  Hint: …", for logs and terminals. Transfer full. */
char *pgm_error_to_text (const GError *error);

/* The exit status that belongs to @error. */
PgmExit pgm_error_to_exit (const GError *error);

G_END_DECLS
