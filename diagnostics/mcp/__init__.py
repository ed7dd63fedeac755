"""The Model Context Protocol: programs and assistants ask what the product knows. No model takes part in a verdict."""
