"""What one viewer is shown, as frozen dataclasses; pages and API are drawn from the same ones."""
