/* Gives a key of HKEY_LOCAL_MACHINE another owner and access list: set-access KEY SDDL. */
#include <windows.h>

#include <sddl.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	PSECURITY_DESCRIPTOR descriptor = NULL;
	LSTATUS status;
	HKEY key;

	if (argc != 3 || !ConvertStringSecurityDescriptorToSecurityDescriptorA(
				 argv[2], SDDL_REVISION_1, &descriptor, NULL)) {
		printf("usage: set-access KEY SDDL\n");
		return 2;
	}
	status = RegOpenKeyExA(HKEY_LOCAL_MACHINE, argv[1], 0,
			       WRITE_DAC | WRITE_OWNER | KEY_WOW64_64KEY, &key);
	if (status == ERROR_SUCCESS) {
		status = RegSetKeySecurity(
			key, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, descriptor);
		RegCloseKey(key);
	}
	LocalFree(descriptor);
	if (status != ERROR_SUCCESS)
		printf("%s: error %ld\n", argv[1], (long)status);
	return status == ERROR_SUCCESS ? 0 : 1;
}
