#include "wire.h"

#include <string.h>

/* Big-endian, @size bytes. */
static void
put (GByteArray *out, guint64 value, guint size)
{
  for (guint i = 0; i < size; i++)
    {
      guint8 byte = (guint8) (value >> (8 * (size - 1 - i)));
      g_byte_array_append (out, &byte, 1);
    }
}

static void
put_text (GByteArray *out, const char *text)
{
  g_byte_array_append (out, (const guint8 *) text, (guint) strlen (text) + 1);
}

GByteArray *
sim_wire_letter (char letter)
{
  GByteArray *out = g_byte_array_new ();

  put (out, (guint8) letter, 1);
  return out;
}

static GByteArray *
start (char letter, guint32 xid)
{
  GByteArray *out = sim_wire_letter (letter);

  if (xid != 0)
    put (out, xid, 4);
  return out;
}

GByteArray *
sim_wire_begin (const Transaction *transaction)
{
  GByteArray *out = sim_wire_letter ('B');

  put (out, transaction->final_lsn, 8);
  put (out, transaction->final_lsn, 8); /* the time */
  put (out, transaction->xid, 4);
  return out;
}

GByteArray *
sim_wire_commit (const Transaction *transaction, gboolean streamed)
{
  GByteArray *out = start (streamed ? 'c' : 'C', streamed ? transaction->xid : 0);

  put (out, 0, 1);
  put (out, transaction->final_lsn, 8);
  put (out, transaction->end_lsn, 8);
  put (out, transaction->final_lsn, 8);
  return out;
}

GByteArray *
sim_wire_relation (guint32 xid, guint table)
{
  GByteArray *out = start ('R', xid);
  guint n_keys = state_n_keys (table);
  char name[] = { 't', (char) ('0' + table), '\0' };

  put (out, SIM_TABLE_OID + table, 4);
  put_text (out, "s");
  put_text (out, name);
  put (out, n_keys > 0 ? 'd' : 'n', 1);
  put (out, N_COLUMNS, 2);
  for (guint i = 0; i < N_COLUMNS; i++)
    {
      char column[] = { 'c', (char) ('0' + i), '\0' };

      put (out, i < n_keys, 1);
      put_text (out, column);
      put (out, 23, 4);
      put (out, G_MAXUINT32, 4);
    }
  return out;
}

/* @n: columns that are there; the others are NULL, or with @rest as it says. */
static void
put_row (GByteArray *out, const Row *row, guint n, char rest)
{
  put (out, N_COLUMNS, 2);
  for (guint i = 0; i < N_COLUMNS; i++)
    {
      char text[16];
      int size = g_snprintf (text, sizeof text, "%u", row->c[i]);

      put (out, (guint8) (i < n ? 't' : rest), 1);
      if (i >= n)
        continue;
      put (out, (guint) size, 4);
      g_byte_array_append (out, (const guint8 *) text, (guint) size);
    }
}

static void
put_truncate (GByteArray *out, guint tables)
{
  put (out, (guint) __builtin_popcount (tables), 4);
  put (out, 0, 1);
  for (guint i = 0; i < N_TABLES; i++)
    if ((tables & (1u << i)) != 0)
      put (out, SIM_TABLE_OID + i, 4);
}

static void
put_message (GByteArray *out, const Change *change)
{
  put (out, 1, 1);
  put (out, 77, 8);
  put_text (out, change->foreign ? "other" : "pgmanager");
  put (out, 5, 4);
  g_byte_array_append (out, (const guint8 *) "hello", 5);
}

GByteArray *
sim_wire_change (guint32 xid, const Change *change)
{
  GByteArray *out = start (change->kind, xid);

  if (change->kind == 'T')
    put_truncate (out, change->tables);
  else if (change->kind == 'M')
    put_message (out, change);
  else
    put (out, SIM_TABLE_OID + change->table, 4);
  if (change->kind == 'D' || (change->kind == 'U' && change->rekeyed))
    {
      put (out, 'K', 1);
      put_row (out, &change->old, state_n_keys (change->table), 'n');
    }
  if (change->kind == 'I' || change->kind == 'U')
    {
      put (out, 'N', 1);
      put_row (out, &change->new, change->toasted ? N_COLUMNS - 1 : N_COLUMNS, 'u');
    }
  return out;
}

GByteArray *
sim_wire_stream_start (guint32 xid, gboolean first)
{
  GByteArray *out = start ('S', xid);

  put (out, first, 1);
  return out;
}

GByteArray *
sim_wire_stream_abort (guint32 xid, guint32 subxid)
{
  GByteArray *out = start ('A', xid);

  put (out, subxid, 4);
  return out;
}
