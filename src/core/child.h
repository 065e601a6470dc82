/* Child processes: an argument array, never a shell; an environment of the
 * caller's choosing; output collected with a limit; ended with the cancellable.
 *
 * Blocking, for worker threads; needs no running main context. The child gets a
 * session and process group of its own, has no controlling terminal and
 * /dev/null as standard input, and receives SIGTERM when we die
 * (PR_SET_PDEATHSIG), so that nothing is left running. Cancelling ends the whole
 * group, and returns when all of it is gone: SIGTERM, and SIGKILL five seconds
 * later (what even that doesn't end is given up after two more).
 *
 * A call ends with the child, not with its outputs: a server that the child
 * started on purpose, in a session of its own, may keep them open.
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
  int status;     /* exit status; -signal when killed by one */
  GBytes *output; /* with PGM_CHILD_KEEP_OUTPUT */
  char *errors;   /* standard error, valid UTF-8; of more than 256 KiB the
                        beginning and the end */
} PgmChildResult;

/* Runs @argv (NULL-terminated) to its end. @environment: "NAME=value" pairs
 * that are added to the present environment; "NAME" alone removes one.
 * @uid, @gid: run as this user when @uid is not -1 (@gid -1: the user's own
 * group), with the user's supplementary groups, HOME, USER and LOGNAME; only
 * root may. @directory: working directory; NULL keeps ours, or takes "/" for
 * another user, who may not enter ours.
 *
 * A non-zero status is no error of this call. Errors: PGM_ERROR_NOT_FOUND (no
 * such program or user), PGM_ERROR_REFUSED (not root), PGM_ERROR_FAILED (can't
 * be started, or wrote more than 256 MiB of kept output), G_IO_ERROR_CANCELLED. */
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
