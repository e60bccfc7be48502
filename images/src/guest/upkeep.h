/* What only the guest can do in the guest; see upkeep.c. */
#ifndef UPKEEP_H
#define UPKEEP_H

#include "wire.h"

/* The payload of RESIZE. */
void resize(struct reader *r);
/* Notes the wanted size of the screen; false where it is none that a screen can have. */
bool note_screen(struct reader *r);
/* The payload of RESUMED: clock, random numbers, address and host name of who this guest is from now on. False: malformed. */
bool become(struct reader *r);
/* A full-screen program draws itself anew, a shell that waits for a line its prompt and that line. */
void redraw_console(void);
/* Starts a script, where there is one, with `word` as its argument unless that is NULL. */
void run_hook(const char *path, const char *word);
/* Fills what memory is free with zeros; see checkpoint.c. */
void clear_free_memory(void);

#endif
