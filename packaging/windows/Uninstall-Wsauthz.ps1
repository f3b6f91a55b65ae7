<#
.SYNOPSIS
Removes wsauthz from this machine.

.DESCRIPTION
Removes the service, the plug-in's settings and the programs. An endpoint whose web.config still names
the plug-in does not start without it, so take it out there first: as long as a process has the
plug-in loaded nothing is removed. Configuration, policy, user records and the audit stay, unless
-RemoveData is given.

.PARAMETER RemoveData
Removes them too. The audit is then gone.
#>
#Requires -Version 5.1
#Requires -RunAsAdministrator
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
param(
	[string] $Destination = (Join-Path $env:ProgramFiles 'wsauthz'),
	[switch] $RemoveData
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$dataFolder = Join-Path ([Environment]::GetFolderPath('CommonApplicationData')) 'wsauthz'
$program = Join-Path $Destination 'wsauthzd.exe'

# A DLL that a process has loaded cannot be opened for writing.
foreach ($dll in 'wsauthz.dll', 'i686\wsauthz.dll') {
	$path = Join-Path $Destination $dll
	if (Test-Path $path) {
		try {
			[IO.File]::Open($path, 'Open', 'ReadWrite', 'None').Close()
		} catch [IO.IOException] {
			throw "$path is in use. Take the plug-in out of web.config and restart the site first."
		}
	}
}

if (Get-Service -Name wsauthz -ErrorAction SilentlyContinue) {
	& $program uninstall
	if ($LASTEXITCODE -ne 0) {
		throw "$program uninstall ended with exit code $LASTEXITCODE."
	}
}
foreach ($path in 'HKLM:\SOFTWARE\wsauthz', $Destination) {
	if (Test-Path $path) {
		Remove-Item -Recurse -Force -Path $path
	}
}
if ($RemoveData -and (Test-Path $dataFolder)) {
	if ($PSCmdlet.ShouldProcess($dataFolder, 'Remove configuration, policy, user records and the audit')) {
		Remove-Item -Recurse -Force -Path $dataFolder
	}
}
