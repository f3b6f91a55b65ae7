<#
.SYNOPSIS
Installs wsauthz on this machine, or repairs and updates it.

.DESCRIPTION
Copies the programs and the plug-in, registers the service wsauthz under NT AUTHORITY\LocalService,
lets the application pools into its pipe, and writes the plug-in's settings. It does not touch IIS:
the endpoint's web.config is yours, see docs/windows.md. The service is started when its policy is
valid. Running it again changes nothing that is already so, and keeps configuration and policy.

.PARAMETER ApplicationPool
The IIS application pools whose endpoints load the plug-in. Only they may ask.

.PARAMETER Source
The folder with wsauthzd.exe, wsauthzctl.exe and wsauthz.dll, and with i686\wsauthz.dll for pools of
32-bit worker processes. By default the folder of this script.

.EXAMPLE
.\Install-Wsauthz.ps1 -ApplicationPool RemotePowerShell
#>
#Requires -Version 5.1
#Requires -RunAsAdministrator
[CmdletBinding()]
param(
	[Parameter(Mandatory)] [string[]] $ApplicationPool,
	[string] $Source = $PSScriptRoot,
	[string] $Destination = (Join-Path $env:ProgramFiles 'wsauthz')
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$dataFolder = Join-Path ([Environment]::GetFolderPath('CommonApplicationData')) 'wsauthz'
$configuration = Join-Path $dataFolder 'wsauthz.yaml'
$policyFolder = Join-Path $dataFolder 'policy'
$pipe = '\\.\pipe\ProtectedPrefix\LocalService\wsauthz'

function Get-AccountSid([string] $Name) {
	try {
		([Security.Principal.NTAccount] $Name).Translate([Security.Principal.SecurityIdentifier]).Value
	} catch {
		throw "There is no account '$Name' on this machine."
	}
}

# Runs a program and stops when it fails; PowerShell 5.1 does not by itself.
function Invoke-Program([string] $Path, [string[]] $Arguments) {
	& $Path @Arguments
	if ($LASTEXITCODE -ne 0) {
		throw "$Path $Arguments ended with exit code $LASTEXITCODE."
	}
}

function Copy-Program([string] $Name, [string] $Folder) {
	New-Item -ItemType Directory -Force -Path $Folder | Out-Null
	try {
		Copy-Item -Force -Path (Join-Path $Source $Name) -Destination $Folder
	} catch [IO.IOException] {
		throw "$Name is in use: stop the application pools that load it, and run this again."
	}
}

# The pools first: without them there is nothing to install for.
$poolSids = @(foreach ($pool in $ApplicationPool) { Get-AccountSid "IIS AppPool\$pool" })

if (Get-Service -Name wsauthz -ErrorAction SilentlyContinue) {
	Stop-Service -Name wsauthz
}
foreach ($name in 'wsauthzd.exe', 'wsauthzctl.exe', 'wsauthz.dll') {
	Copy-Program $name $Destination
}
if (Test-Path (Join-Path $Source 'i686\wsauthz.dll')) {
	Copy-Program 'i686\wsauthz.dll' (Join-Path $Destination 'i686')
}

# The service, its event source, and the folders with their access lists.
$isNew = -not (Test-Path $configuration)
Invoke-Program (Join-Path $Destination 'wsauthzd.exe') 'install'

# Who may open the pipe follows from who is served.
$users = "  users: [$($poolSids -join ', ')]"
if ($isNew) {
	$lines = @(
		'# wsauthzd: every setting that is not here has its default.'
		'authorize:'
		"  # $(($ApplicationPool | ForEach-Object { "IIS AppPool\$_" }) -join ', ')"
		$users
	)
	[IO.File]::WriteAllLines($configuration, $lines) # UTF-8 without a mark at its beginning
} else {
	Write-Warning "$configuration was kept. It must let these in, below 'authorize:':"
	Write-Warning $users
}

# The plug-in's settings: where it asks, and who must be there for it to believe the answer.
$key = 'HKLM:\SOFTWARE\wsauthz'
if (-not (Test-Path $key)) {
	New-Item -Path $key | Out-Null
}
Set-ItemProperty -Path $key -Name Endpoint -Type String -Value $pipe
Set-ItemProperty -Path $key -Name ServerOwner -Type String -Value (Get-AccountSid 'NT SERVICE\wsauthz')

if (-not (Test-Path (Join-Path $policyFolder '*.cedar'))) {
	Write-Warning "There is no policy in $policyFolder yet. Until there is one everybody is denied."
	Write-Warning 'Write one, then: Start-Service wsauthz'
	return
}
Invoke-Program (Join-Path $Destination 'wsauthzd.exe') '--check'
Start-Service -Name wsauthz
Invoke-Program (Join-Path $Destination 'wsauthzctl.exe') 'status'
