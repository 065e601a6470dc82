/* The guard of the API over the head of a request: let in or refused, one of both,
 * and what libsoup gets holds nothing of the peer's but a method. On TCP nobody comes in
 * without the token or a ticket. */
#include "config.h"

#include <string.h>

#include "fuzz.h"
#include "server/guard.h"

#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
check_written (const PgmPass *pass, const PgmRefusal *refusal)
{
  GString *written =
      pass != NULL ? pgm_http_head_write (pass->head) : pgm_guard_write_refusal (refusal);

  g_assert (written->len < 1024);
  g_assert (memchr (written->str, '\0', written->len) == NULL);
  g_assert (memmem (written->str, written->len, TOKEN, strlen (TOKEN)) == NULL);
  if (pass != NULL)
    g_assert (pgm_http_head_find_end (written->str, written->len) == written->len);
  g_string_free (written, TRUE);
}

static void
judge_local (const char *text, gsize end)
{
  static const PgmEntrance entrance = { .local = TRUE };
  g_auto (PgmRefusal) refusal = { 0 };
  g_autoptr (PgmPass) pass = pgm_guard_judge (&entrance, text, end, &refusal);

  g_assert ((pass != NULL) == (refusal.status == 0));
  check_written (pass, &refusal);
}

static void
judge_tcp (const char *text, gsize end, gboolean tls)
{
  char host[] = "localhost:7654";
  char *hosts[] = { host, NULL };
  PgmTickets *tickets = pgm_tickets_new ();
  g_autoptr (PgmSecret) token = pgm_secret_new (TOKEN);
  const PgmEntrance entrance = { FALSE, tls, hosts, token, tickets };
  g_auto (PgmRefusal) refusal = { 0 };
  g_autoptr (PgmPass) pass = pgm_guard_judge (&entrance, text, end, &refusal);

  g_assert ((pass != NULL) == (refusal.status == 0));
  if (pass != NULL)
    {
      g_assert (g_ascii_strcasecmp (pass->head->host, host) == 0);
      g_assert (pass->identified || (pass->route->flags & PGM_ROUTE_OPEN) != 0);
      /* There is no ticket. */
      g_assert (!pass->identified || memmem (text, end, TOKEN, strlen (TOKEN)) != NULL);
    }
  check_written (pass, &refusal);
  pgm_tickets_free (tickets);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *text = (const char *) data;
  gsize end = pgm_http_head_find_end (text, size);

  if (end == 0)
    return 0;
  judge_local (text, end);
  judge_tcp (text, end, FALSE);
  judge_tcp (text, end, TRUE);
  return 0;
}
