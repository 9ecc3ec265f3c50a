"""Sources of the helpers that generated projects carry; read as text, never imported by this library."""
