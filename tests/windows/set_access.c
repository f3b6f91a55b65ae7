/* Gives a key of HKEY_LOCAL_MACHINE another owner and access list, or a pipe another label:
 * set-access KEY|PIPE SDDL. */
#include <windows.h>

#include <sddl.h>
#include <stdio.h>

static LSTATUS set_key(const char *name, PSECURITY_DESCRIPTOR descriptor)
{
	LSTATUS status;
	HKEY key;

	status = RegOpenKeyExA(HKEY_LOCAL_MACHINE, name, 0,
			       WRITE_DAC | WRITE_OWNER | KEY_WOW64_64KEY, &key);
	if (status != ERROR_SUCCESS)
		return status;
	status = RegSetKeySecurity(key, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
				   descriptor);
	RegCloseKey(key);
	return status;
}

static LSTATUS set_pipe(const char *name, PSECURITY_DESCRIPTOR descriptor)
{
	LSTATUS status = ERROR_SUCCESS;
	HANDLE pipe = CreateFileA(name, WRITE_OWNER, 0, NULL, OPEN_EXISTING, 0, NULL);

	if (pipe == INVALID_HANDLE_VALUE)
		return (LSTATUS)GetLastError();
	if (!SetKernelObjectSecurity(pipe, LABEL_SECURITY_INFORMATION, descriptor))
		status = (LSTATUS)GetLastError();
	CloseHandle(pipe);
	return status;
}

int main(int argc, char **argv)
{
	PSECURITY_DESCRIPTOR descriptor = NULL;
	LSTATUS status;

	if (argc != 3 || !ConvertStringSecurityDescriptorToSecurityDescriptorA(
				 argv[2], SDDL_REVISION_1, &descriptor, NULL)) {
		printf("usage: set-access KEY|PIPE SDDL\n");
		return 2;
	}
	status = argv[1][0] == '\\' ? set_pipe(argv[1], descriptor) : set_key(argv[1], descriptor);
	LocalFree(descriptor);
	if (status != ERROR_SUCCESS)
		printf("%s: error %ld\n", argv[1], (long)status);
	return status == ERROR_SUCCESS ? 0 : 1;
}
