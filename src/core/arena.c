#include "core/arena.h"

#include <stddef.h>
#include <string.h>

#define DEFAULT_BLOCK_SIZE ((gsize) 64 * 1024)
#define ALIGNMENT          (_Alignof(max_align_t))

typedef struct _Block Block;

struct _Block
{
  Block *next;
  gsize size;
  gsize used;
  _Alignas(max_align_t) guint8 data[];
};

struct _PgmArena
{
  Block *first;   /* the one that a reset keeps */
  Block *current; /* the one that small requests are cut from */
  gsize block_size;
  gsize used;
};

PgmArena *
pgm_arena_new (gsize block_size)
{
  PgmArena *self = g_new0 (PgmArena, 1);

  self->block_size = block_size != 0 ? block_size : DEFAULT_BLOCK_SIZE;
  return self;
}

static void
free_blocks (Block *block)
{
  while (block != NULL)
    {
      Block *next = block->next;

      g_free (block);
      block = next;
    }
}

void
pgm_arena_free (PgmArena *self)
{
  if (self == NULL)
    return;
  free_blocks (self->first);
  g_free (self);
}

void
pgm_arena_reset (PgmArena *self)
{
  self->used = 0;
  if (self->first == NULL)
    return;
  free_blocks (self->first->next);
  self->first->next = NULL;
  self->first->used = 0;
  self->current = self->first;
}

static Block *
new_block (gsize size)
{
  Block *block;

  /* Like g_malloc(): a request that can't be met ends the program. */
  if (size > G_MAXSIZE - sizeof (Block))
    g_error ("arena: a block of %" G_GSIZE_FORMAT " bytes can't exist", size);
  block = g_malloc (sizeof (Block) + size);
  block->next = NULL;
  block->size = size;
  block->used = 0;
  return block;
}

/* A request larger than a block gets one of its own, linked behind the current
 * block, whose rest stays in use for the small requests that follow. */
static Block *
add_block (PgmArena *self, gsize size)
{
  Block *block = new_block (MAX (size, self->block_size));

  if (self->current == NULL)
    {
      self->first = block;
      self->current = block;
      return block;
    }
  block->next = self->current->next;
  self->current->next = block;
  if (size <= self->block_size)
    self->current = block;
  return block;
}

gpointer
pgm_arena_alloc (PgmArena *self, gsize size)
{
  Block *block = self->current;
  gsize rounded;
  gpointer memory;

  if (size > G_MAXSIZE - ALIGNMENT)
    g_error ("arena: %" G_GSIZE_FORMAT " bytes can't be had", size);
  rounded = (MAX (size, 1) + ALIGNMENT - 1) & ~(ALIGNMENT - 1);

  if (block == NULL || rounded > block->size - block->used)
    block = add_block (self, rounded);
  memory = block->data + block->used;
  block->used += rounded;
  self->used += size;
  return memory;
}

gpointer
pgm_arena_alloc0 (PgmArena *self, gsize size)
{
  return memset (pgm_arena_alloc (self, size), 0, size);
}

gpointer
pgm_arena_memdup (PgmArena *self, gconstpointer data, gsize size)
{
  gpointer copy = pgm_arena_alloc (self, size);

  if (size > 0)
    memcpy (copy, data, size);
  return copy;
}

char *
pgm_arena_strdup (PgmArena *self, const char *text)
{
  return text != NULL ? pgm_arena_memdup (self, text, strlen (text) + 1) : NULL;
}

gsize
pgm_arena_get_used (PgmArena *self)
{
  return self->used;
}
