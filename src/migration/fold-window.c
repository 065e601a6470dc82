#include "migration/fold-window.h"

#include <string.h>

/* What has to be done to the row of a key. */
typedef enum
{
  STATE_NOTHING, /* inserted and deleted again */
  STATE_INSERT,
  STATE_UPDATE,
  STATE_DELETE,
  STATE_REPLACE, /* deleted, and inserted anew */
} State;

typedef struct
{
  guint32 hash;
  guint8 state;
  const PgmTuple *key;
  const PgmTuple *row;
} Entry;

struct _PgmFoldWindow
{
  const PgmFoldTable *table;
  PgmArena *arena;
  GArray *entries;  /* Entry, in the order of their first change */
  guint32 *slots;   /* index of an entry + 1, by hash; NULL for tables without keys */
  guint slots_mask; /* their number - 1, a power of two */
};

#define FIRST_SLOTS 16

PgmFoldWindow *
pgm_fold_window_new (const PgmFoldTable *table, PgmArena *arena)
{
  PgmFoldWindow *self = g_new0 (PgmFoldWindow, 1);

  self->table = table;
  self->arena = arena;
  self->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  if (table->mode == PGM_FOLD_KEYED)
    {
      self->slots = g_new0 (guint32, FIRST_SLOTS);
      self->slots_mask = FIRST_SLOTS - 1;
    }
  return self;
}

void
pgm_fold_window_free (PgmFoldWindow *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->entries);
  g_free (self->slots);
  g_free (self);
}

/* Multiply and fold, eight bytes at a time: keys are short. */
static inline guint64
mix (guint64 hash, guint64 word)
{
  unsigned __int128 product = (unsigned __int128) (hash ^ word) * 0x9e3779b97f4a7c15u;

  return (guint64) product ^ (guint64) (product >> 64);
}

static guint64
hash_bytes (guint64 hash, const char *data, gsize size)
{
  guint64 word;

  hash = mix (hash, size);
  for (; size >= sizeof word; data += sizeof word, size -= sizeof word)
    {
      memcpy (&word, data, sizeof word);
      hash = mix (hash, word);
    }
  if (size == 0)
    return hash;
  word = 0;
  memcpy (&word, data, size);
  return mix (hash, word);
}

static guint32
hash_key (const PgmFoldTable *table, const PgmTuple *tuple)
{
  guint64 hash = 0x243f6a8885a308d3u;

  for (guint i = 0; i < table->n_keys; i++)
    {
      const PgmValue *value = &tuple->values[table->keys[i]];
      hash = hash_bytes (hash, value->data, value->size);
    }
  return (guint32) (hash ^ (hash >> 32));
}

static gboolean
same_key (const PgmFoldTable *table, const PgmTuple *a, const PgmTuple *b)
{
  for (guint i = 0; i < table->n_keys; i++)
    {
      const PgmValue *one = &a->values[table->keys[i]];
      const PgmValue *other = &b->values[table->keys[i]];
      if (one->size != other->size || memcmp (one->data, other->data, one->size) != 0)
        return FALSE;
    }
  return TRUE;
}

static Entry *
find (PgmFoldWindow *self, guint32 hash, const PgmTuple *key)
{
  for (guint slot = hash & self->slots_mask; self->slots[slot] != 0;
       slot = (slot + 1) & self->slots_mask)
    {
      Entry *entry = &g_array_index (self->entries, Entry, self->slots[slot] - 1);
      if (entry->hash == hash && same_key (self->table, entry->key, key))
        return entry;
    }
  return NULL;
}

static void
enter_slot (PgmFoldWindow *self, guint32 hash, guint32 number)
{
  guint slot = hash & self->slots_mask;

  while (self->slots[slot] != 0)
    slot = (slot + 1) & self->slots_mask;
  self->slots[slot] = number;
}

static void
grow (PgmFoldWindow *self)
{
  guint n_slots = (self->slots_mask + 1) * 4;

  g_free (self->slots);
  self->slots = g_new0 (guint32, n_slots);
  self->slots_mask = n_slots - 1;
  for (guint i = 0; i < self->entries->len; i++)
    enter_slot (self, g_array_index (self->entries, Entry, i).hash, i + 1);
}

static void
append (PgmFoldWindow *self, const Entry *entry)
{
  g_array_append_vals (self->entries, entry, 1);
  if (self->slots == NULL)
    return;
  if (self->entries->len * 2 > self->slots_mask)
    grow (self);
  else
    enter_slot (self, entry->hash, self->entries->len);
}

/* What is unchanged in @later keeps the value it has in @earlier. */
static const PgmTuple *
merge (PgmFoldWindow *self, const PgmTuple *earlier, const PgmTuple *later)
{
  PgmTuple *merged = NULL;

  for (guint i = 0; i < later->n_values; i++)
    {
      if (later->values[i].kind != PGM_VALUE_UNCHANGED)
        continue;
      if (merged == NULL)
        merged = pgm_arena_memdup (self->arena, later,
                                   sizeof *later + later->n_values * sizeof (PgmValue));
      merged->values[i] = earlier->values[i];
    }
  return merged != NULL ? merged : later;
}

static gboolean
add_insert (Entry *entry, const PgmTuple *row)
{
  if (entry->state == STATE_NOTHING)
    entry->state = STATE_INSERT;
  else if (entry->state == STATE_DELETE)
    entry->state = STATE_REPLACE;
  else
    return FALSE;
  entry->row = row;
  /* A replaced row is deleted by the same bytes, so either tuple names it. */
  entry->key = row;
  return TRUE;
}

static gboolean
add_update (PgmFoldWindow *self, Entry *entry, const PgmTuple *row)
{
  if (entry->state == STATE_NOTHING || entry->state == STATE_DELETE)
    return FALSE;
  entry->row = merge (self, entry->row, row);
  return TRUE;
}

static gboolean
add_delete (Entry *entry)
{
  if (entry->state == STATE_NOTHING || entry->state == STATE_DELETE)
    return FALSE;
  entry->state = entry->state == STATE_INSERT ? STATE_NOTHING : STATE_DELETE;
  entry->row = NULL;
  return TRUE;
}

static State
first_state (PgmChangeKind kind)
{
  if (kind == PGM_CHANGE_INSERT)
    return STATE_INSERT;
  return kind == PGM_CHANGE_UPDATE ? STATE_UPDATE : STATE_DELETE;
}

gboolean
pgm_fold_window_add (PgmFoldWindow *self, const PgmChange *change)
{
  PgmChangeKind kind = (PgmChangeKind) change->kind;
  /* A row that was updated without an old tuple is named by its new one (F38). */
  const PgmTuple *key = change->row.old != NULL ? change->row.old : change->row.new;
  Entry fresh = { .state = (guint8) first_state (kind), .key = key, .row = change->row.new };
  Entry *entry = NULL;

  if (self->slots != NULL)
    {
      fresh.hash = hash_key (self->table, key);
      entry = find (self, fresh.hash, key);
    }
  if (entry == NULL)
    {
      append (self, &fresh);
      return TRUE;
    }
  if (kind == PGM_CHANGE_INSERT)
    return add_insert (entry, change->row.new);
  if (kind == PGM_CHANGE_UPDATE)
    return add_update (self, entry, change->row.new);
  return add_delete (entry);
}

/* NULL when every column has a new value. */
static guint8 *
unchanged_columns (PgmArena *arena, const PgmTuple *row)
{
  guint8 *bits = NULL;

  for (guint i = 0; i < row->n_values; i++)
    {
      if (row->values[i].kind != PGM_VALUE_UNCHANGED)
        continue;
      if (bits == NULL)
        bits = pgm_arena_alloc0 (arena, (row->n_values + 7) / 8);
      bits[i / 8] |= (guint8) (1u << (i % 8));
    }
  return bits;
}

static gboolean
same_columns (const guint8 *a, const guint8 *b, guint n_columns)
{
  if (a == NULL || b == NULL)
    return a == b;
  return memcmp (a, b, (n_columns + 7) / 8) == 0;
}

static PgmFoldSet
make_set (PgmChangeKind kind, guint8 *unchanged)
{
  return (PgmFoldSet){
    .kind = kind,
    .unchanged = unchanged,
    .rows = g_array_new (FALSE, FALSE, sizeof (PgmFoldRow)),
  };
}

/* Rows that have kept the same columns go together. */
static void
add_to_updates (GArray *updates, PgmArena *arena, const Entry *entry)
{
  guint8 *unchanged = unchanged_columns (arena, entry->row);
  PgmFoldRow row = { entry->key, entry->row };

  for (guint i = 0; i < updates->len; i++)
    {
      PgmFoldSet *set = &g_array_index (updates, PgmFoldSet, i);
      if (!same_columns (set->unchanged, unchanged, entry->row->n_values))
        continue;
      g_array_append_val (set->rows, row);
      return;
    }
  PgmFoldSet set = make_set (PGM_CHANGE_UPDATE, unchanged);
  g_array_append_val (set.rows, row);
  g_array_append_val (updates, set);
}

/* Any order of keys will do that is mostly their index's: shorter ones first is the
 * order of whole numbers. */
static int
compare_keys (gconstpointer one, gconstpointer other, gpointer data)
{
  const PgmTuple *a = ((const PgmFoldRow *) one)->key;
  const PgmTuple *b = ((const PgmFoldRow *) other)->key;
  const PgmFoldTable *table = data;
  int order = 0;

  for (guint i = 0; i < table->n_keys && order == 0; i++)
    {
      const PgmValue *left = &a->values[table->keys[i]];
      const PgmValue *right = &b->values[table->keys[i]];

      order = (left->size > right->size) - (left->size < right->size);
      if (order == 0)
        order = memcmp (left->data, right->data, left->size);
    }
  return order;
}

/* Neighbours in the index are found one after the other: a fifth less work for the
 * destination. */
static void
sort_rows (const PgmFoldTable *table, PgmFoldSet *set)
{
  PgmFoldTable compared = *table;

  g_array_sort_with_data (set->rows, compare_keys, &compared);
}

static void
append_set (GArray *sets, PgmFoldSet *set)
{
  if (set->rows->len > 0)
    g_array_append_vals (sets, set, 1);
  else
    g_array_unref (set->rows);
}

GArray *
pgm_fold_window_make_sets (PgmFoldWindow *self)
{
  GArray *sets = g_array_new (FALSE, FALSE, sizeof (PgmFoldSet));
  g_autoptr (GArray) updates = g_array_new (FALSE, FALSE, sizeof (PgmFoldSet));
  PgmFoldSet deletes = make_set (PGM_CHANGE_DELETE, NULL);
  PgmFoldSet inserts = make_set (PGM_CHANGE_INSERT, NULL);

  for (guint i = 0; i < self->entries->len; i++)
    {
      const Entry *entry = &g_array_index (self->entries, Entry, i);
      PgmFoldRow row = { entry->key, entry->row };

      if (entry->state == STATE_DELETE || entry->state == STATE_REPLACE)
        g_array_append_val (deletes.rows, row);
      if (entry->state == STATE_INSERT || entry->state == STATE_REPLACE)
        g_array_append_val (inserts.rows, row);
      if (entry->state == STATE_UPDATE)
        add_to_updates (updates, self->arena, entry);
    }
  sort_rows (self->table, &deletes);
  append_set (sets, &deletes);
  for (guint i = 0; self->table->may_sort && i < updates->len; i++)
    sort_rows (self->table, &g_array_index (updates, PgmFoldSet, i));
  if (updates->len > 0)
    g_array_append_vals (sets, updates->data, updates->len);
  append_set (sets, &inserts);
  return sets;
}
