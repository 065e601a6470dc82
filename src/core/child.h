/* Child processes: an argument array, never a shell; an environment of the
 * caller's choosing; output collected with a limit; ended with the cancellable.
 *
 * Blocking, for worker threads. The child is put into its own process group and
 * dies with us (PR_SET_PDEATHSIG), so that nothing is left running.
 */
#pragma once

#include <gio/gio.h>

#include "core/error.h"

G_BEGIN_DECLS

typedef enum
{
  PGM_CHILD_DEFAULT = 0,
  PGM_CHILD_KEEP_OUTPUT = 1 << 0, /* standard output into memory, else to /dev/null */
} PgmChildFlags;

typedef struct
{
  int status;        /* exit status; -signal when killed by one */
  GBytes *output;    /* with PGM_CHILD_KEEP_OUTPUT */
  char *errors;      /* standard error, at most 256 KiB of it, valid UTF-8 */
} PgmChildResult;

/* Runs @argv (NULL-terminated) to its end. @environment: "NAME=value" pairs
 * that are added to the present environment; "NAME" alone removes one.
 * @uid, @gid: run as this user when not (uid_t) -1. @directory: working
 * directory or NULL. A non-zero status is no error of this call. */
PgmChildResult *pgm_child_run (const char *const *argv,
                               const char *const *environment,
                               const char *directory,
                               gint64 uid,
                               gint64 gid,
                               PgmChildFlags flags,
                               GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

void pgm_child_result_free (PgmChildResult *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmChildResult, pgm_child_result_free)

G_END_DECLS
