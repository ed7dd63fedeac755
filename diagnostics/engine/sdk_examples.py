"""Code examples of the correct call for each official SDK. They never contain a secret or a token."""

from diagnostics.genesys.operation import Operation, camel_case
from diagnostics.genesys.paths import UUID
from diagnostics.genesys.regions import Region

ID_VARIABLE, SECRET_VARIABLE = "GENESYSCLOUD_OAUTHCLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_SECRET"
START_OPERATION = "postConversationCobrowse"


def base_url(region: Region) -> str:
    """The URL to send the call to: the region's API host, or the configured address of a custom region."""
    return f"https://{region.api_host}" if region.domain else region.api


def shell_id(conversation_id: str) -> str:
    return conversation_id if UUID.fullmatch(conversation_id) else "$CONVERSATION_ID"


def snippets_for(wanted: Operation, conversation_id: str, region: Region) -> dict[str, str]:
    """Language -> code that makes the call, with client credentials from environment variables."""
    known = UUID.fullmatch(conversation_id) is not None

    def arguments(quote: str, variable: str) -> str:
        """The arguments of the SDK method: the conversation ID if known, otherwise variables."""
        values = []
        for name in map(camel_case, wanted.arguments):  # their order can differ from that in the path
            if name == "conversationId":
                values.append(f"{quote}{conversation_id}{quote}" if known else variable)
            else:
                values.append("body" if name == "body" else f"{quote}{name}{quote}")
        return ", ".join(values)

    host = base_url(region)
    found = {
        "python": _python(wanted, arguments('"', "conversation_id"), host),
        "java": _java(wanted, arguments('"', "conversationId"), host),
        "javascript": _javascript(wanted, arguments("'", "conversationId"), host),
        "dotnet": _dotnet(wanted, arguments('"', "conversationId"), host),
        "go": _go(wanted, arguments('"', "conversationID"), host),
    }
    if wanted.operation_id == START_OPERATION:
        found["gc"] = f"gc conversations cobrowse create {conversation_id if known else '$CONVERSATION_ID'}\n"
    return found


def _python(wanted: Operation, given: str, host: str) -> str:
    return (
        "import os\n\nimport PureCloudPlatformClientV2 as genesys\n\n"
        f'genesys.configuration.host = "{host}"\n'
        "client = genesys.ApiClient().get_client_credentials_token(\n"
        f'    os.environ["{ID_VARIABLE}"], os.environ["{SECRET_VARIABLE}"]\n)\n'
        f"answer = genesys.{wanted.sdk_class}(client).{wanted.python_name}({given})\n"
    )


def _java(wanted: Operation, given: str, host: str) -> str:
    return (
        f'ApiClient client = ApiClient.Builder.standard().withBasePath("{host}").build();\n'
        "client.authorizeClientCredentials(\n"
        f'    System.getenv("{ID_VARIABLE}"), System.getenv("{SECRET_VARIABLE}"));\n'
        f"var answer = new {wanted.sdk_class}(client).{wanted.java_name}({given});\n"
    )


def _javascript(wanted: Operation, given: str, host: str) -> str:
    return (
        "const platformClient = require('purecloud-platform-client-v2');\n\n"
        "const client = platformClient.ApiClient.instance;\n"
        f"client.setEnvironment('{host.removeprefix('https://api.')}');\n"
        f"await client.loginClientCredentialsGrant(process.env.{ID_VARIABLE}, process.env.{SECRET_VARIABLE});\n"
        f"const answer = await new platformClient.{wanted.sdk_class}().{wanted.java_name}({given});\n"
    )


def _dotnet(wanted: Operation, given: str, host: str) -> str:
    return (
        "using PureCloudPlatform.Client.V2.Api;\n"
        "using PureCloudPlatform.Client.V2.Client;\n"
        "using PureCloudPlatform.Client.V2.Extensions;\n\n"
        f'Configuration.Default.ApiClient.setBasePath("{host}");\n'
        "Configuration.Default.ApiClient.PostToken(\n"
        f'    Environment.GetEnvironmentVariable("{ID_VARIABLE}"), Environment.GetEnvironmentVariable("{SECRET_VARIABLE}"));\n'
        f"var answer = new {wanted.sdk_class}().{wanted.pascal_name}({given});\n"
    )


def _go(wanted: Operation, given: str, host: str) -> str:
    return (
        "config := platformclientv2.GetDefaultConfiguration()\n"
        f'config.BasePath = "{host}"\n'
        f'err := config.AuthorizeClientCredentials(os.Getenv("{ID_VARIABLE}"), os.Getenv("{SECRET_VARIABLE}"))\n'
        f"answer, response, err := platformclientv2.New{wanted.sdk_class}WithConfig(config).{wanted.pascal_name}({given})\n"
    )
