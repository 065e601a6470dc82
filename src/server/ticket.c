#include "server/ticket.h"

#include <string.h>

#include "core/secret.h"
#include "server/token.h"

#define MAX_TICKETS 256
#define BYTES       32

typedef struct
{
  char *text;
  gint64 until;
} Ticket;

struct _PgmTickets
{
  GQueue tickets; /* the oldest first */
};

static void
ticket_free (gpointer data)
{
  Ticket *self = data;

  pgm_secret_free_text (self->text);
  g_free (self);
}

PgmTickets *
pgm_tickets_new (void)
{
  return g_new0 (PgmTickets, 1);
}

void
pgm_tickets_free (PgmTickets *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->tickets, ticket_free);
  g_free (self);
}

static void
forget_old (PgmTickets *self, gint64 now)
{
  Ticket *oldest;

  while ((oldest = g_queue_peek_head (&self->tickets)) != NULL &&
         (oldest->until <= now || self->tickets.length >= MAX_TICKETS))
    ticket_free (g_queue_pop_head (&self->tickets));
}

const char *
pgm_tickets_issue (PgmTickets *self, gint64 now)
{
  Ticket *ticket = g_new0 (Ticket, 1);
  char *random = pgm_token_random (BYTES);

  forget_old (self, now);
  ticket->text = g_strconcat (PGM_TICKET_PREFIX, random, NULL);
  ticket->until = now + PGM_TICKET_SECONDS * G_USEC_PER_SEC;
  pgm_secret_free_text (random);
  g_queue_push_tail (&self->tickets, ticket);
  return ticket->text;
}

/* Not by a hash table: how long that looks would tell of what it has. */
gboolean
pgm_tickets_take (PgmTickets *self, const char *offered, gint64 now)
{
  forget_old (self, now);
  for (GList *link = self->tickets.head; link != NULL; link = link->next)
    if (pgm_token_matches (((Ticket *) link->data)->text, offered))
      {
        ticket_free (link->data);
        g_queue_delete_link (&self->tickets, link);
        return TRUE;
      }
  return FALSE;
}
