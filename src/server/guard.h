/* The choke point: judges a request by its head, before a byte of its body is
 * read and before libsoup or a handler sees anything. Not for other rooms. */
#pragma once

#include "core/secret.h"
#include "server/route.h"
#include "server/ticket.h"

G_BEGIN_DECLS

/* One way in, and what is asked of those who take it. */
typedef struct
{
  gboolean local; /* a unix socket: the kernel has said who it is, no token is needed */
  gboolean tls;
  GStrv hosts;          /* what a Host may say; of a local one NULL: our names, any port */
  PgmSecret *token;     /* not of a local one */
  PgmTickets *tickets;  /* borrowed */
  gboolean share_files; /* see PgmServerOptions */
} PgmEntrance;

void pgm_entrance_free (PgmEntrance *self);

/* A request that was let in. */
typedef struct
{
  PgmHttpHead *head;
  const PgmRoute *route;
  char *id;            /* of the path, or NULL */
  gboolean foreign;    /* from elsewhere: connections that it names use no file of ours */
  gboolean identified; /* its credentials were good, or none are needed at this entrance */
} PgmPass;

/* NULL with @refusal set. Takes nothing of @data; a ticket in it is used up. Safe for
 * any bytes. */
PgmPass *pgm_guard_judge (const PgmEntrance *entrance,
                          const char *data,
                          gsize length,
                          PgmRefusal *refusal) G_GNUC_WARN_UNUSED_RESULT;
void pgm_pass_free (PgmPass *self);

/* The whole answer to a request that is refused. Transfer full. */
GString *pgm_guard_write_refusal (const PgmRefusal *refusal);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmPass, pgm_pass_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmEntrance, pgm_entrance_free)

G_END_DECLS
