// A stand-in for CUDA's driver, whose first device is not the first one on the bus.
#include <string.h>

static int initialized;

int cuInit(unsigned int flags) {
	initialized = flags == 0;
	return 0;
}
int cuDeviceGet(int *device, int number) {
	if (!initialized) return 3;
	if (number) return 101;
	*device = 7;
	return 0;
}
int cuDeviceGetPCIBusId(char *address, int length, int device) {
	if (device != 7 || length < 13) return 1;
	strcpy(address, "0001:66:00.0");
	return 0;
}
