/* Helpers of the agent; see upkeep.c. */
#ifndef UPKEEP_H
#define UPKEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENTROPY_LIMIT 512

void set_console_size(uint16_t columns, uint16_t rows);
void redraw_console(void);
void set_mac(const uint8_t *mac);
/* At most ENTROPY_LIMIT bytes. */
void add_entropy(const uint8_t *bytes, size_t length);
bool plausible_host_name(const uint8_t *name, size_t length);
void run_hook(const char *path);

#endif
