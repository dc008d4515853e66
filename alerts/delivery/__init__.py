"""One module for each way an alert leaves. The inbox needs none: its row is the delivery."""
