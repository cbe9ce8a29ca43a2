"""The shape of what people type; what they may do is decided by the gate and the models."""
