/* The choke point: judges a request by its head, before a byte of its body is
 * read and before libsoup or a handler sees anything. Not for other rooms. */
#pragma once

#include "server/route.h"

G_BEGIN_DECLS

/* A request that was let in. */
typedef struct
{
  PgmHttpHead *head;
  const PgmRoute *route;
  char *id; /* of the path, or NULL */
} PgmPass;

/* NULL with @refusal set. Takes nothing of @data. Safe for any bytes. */
PgmPass *
pgm_guard_judge (const char *data, gsize length, PgmRefusal *refusal) G_GNUC_WARN_UNUSED_RESULT;
void pgm_pass_free (PgmPass *self);

/* The whole answer to a request that is refused. Transfer full. */
GString *pgm_guard_write_refusal (const PgmRefusal *refusal);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmPass, pgm_pass_free)

G_END_DECLS
