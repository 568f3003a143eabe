// A stand-in for NVIDIA's library, with two GPUs. The second one is divided among programs, so it
// does not say how busy it is.
#include <string.h>

typedef struct { int number; } *device;
static struct { int number; } devices[2] = {{0}, {1}};

int nvmlInit_v2(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned int *count) { *count = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, device *found) {
	if (index > 1) return 2;
	*found = (device)&devices[index];
	return 0;
}
int nvmlDeviceGetName(device d, char *name, unsigned int length) {
	if (length < 96) return 7;
	strcpy(name, d->number ? "NVIDIA Half" : "NVIDIA Whole");
	return 0;
}
int nvmlDeviceGetPciInfo_v3(device d, struct {
	char legacy[16];
	unsigned int domain, bus, device, id, subsystem;
	char address[32];
} *pci) {
	memset(pci, 0, sizeof *pci);
	pci->domain = 1;
	pci->bus = 0x65 + d->number;
	pci->id = 0x233510de;
	strcpy(pci->address, "00000001:65:00.0");
	return 0;
}
int nvmlDeviceGetMemoryInfo(device d, unsigned long long *memory) {
	memory[0] = 16ull << 30;
	memory[1] = 10ull << 30;
	memory[2] = 6ull << 30;
	return 0;
}
int nvmlDeviceGetUtilizationRates(device d, unsigned int *busy) {
	if (d->number) return 3;
	busy[0] = 73;
	busy[1] = 20;
	return 0;
}
