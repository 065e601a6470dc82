/* The guard of the API over the head of a request: let in or refused, one of both,
 * and what libsoup gets holds nothing of the peer's but a method. */
#include "config.h"

#include <string.h>

#include "fuzz.h"
#include "server/guard.h"

static const PgmEntrance local = { .local = TRUE };

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *text = (const char *) data;
  gsize end = pgm_http_head_find_end (text, size);
  g_auto (PgmRefusal) refusal = { 0 };
  g_autoptr (PgmPass) pass = NULL;
  GString *written;

  if (end == 0)
    return 0;
  pass = pgm_guard_judge (&local, text, end, &refusal);
  g_assert ((pass != NULL) == (refusal.status == 0));
  written = pass != NULL ? pgm_http_head_write (pass->head) : pgm_guard_write_refusal (&refusal);
  g_assert (written->len < 1024);
  g_assert (memchr (written->str, '\0', written->len) == NULL);
  if (pass != NULL)
    g_assert (pgm_http_head_find_end (written->str, written->len) == written->len);
  g_string_free (written, TRUE);
  return 0;
}
